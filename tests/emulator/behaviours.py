"""What can be switched, outermost first, and what is on unless a test says otherwise."""

from dependencies import Dependencies
from dry_run import DryRun
from interfaces import Interfaces
from pages import Pages
from pending import Pending
from states import States
from tokens import Tokens
from visibility import Visibility

BEHAVIOURS = {
    "interfaces": Interfaces,
    "dry_run": DryRun,
    "tokens": Tokens,
    "pages": Pages,
    "visibility": Visibility,
    "dependencies": Dependencies,
    "pending": Pending,
    "states": States,
}

# What AWS always does and costs no time. `pages` is AWS's own size for most reads.
DEFAULTS = {
    "interfaces": 0,
    "dry_run": True,
    "tokens": True,
    "pages": 1000,
    "dependencies": True,
    "pending": True,
}
