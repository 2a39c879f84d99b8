"""placeholder"""
from dataclasses import dataclass
@dataclass
class Bands: ...
