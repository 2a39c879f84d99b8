"""The plan: from a scenario to posts, people, what they see and the weakest crossings."""

from truceline.plan.make import make_plan
from truceline.plan.model import Plan, PosturePlan

__all__ = ["Plan", "PosturePlan", "make_plan"]
