"""Sizes of the screens that the pages are looked at on, in pixels."""

FIRST_SCREEN = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
