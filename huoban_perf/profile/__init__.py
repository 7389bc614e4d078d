"""Profiles: which platform, planes, key and paths; and ``connect``, the one place where concrete classes meet.

The only room that reads the environment. Keys are named by the profile, never stored: ``api_key: {env: NAME}``.
May import core, platforms, sandbox, notices.
"""

from huoban_perf.profile.captured import lint_captured
from huoban_perf.profile.channels import channels_of, secret_of
from huoban_perf.profile.connect import Site, Stage, connect, forget_world, serve_world, stage_world
from huoban_perf.profile.environment import environment
from huoban_perf.profile.model import Profile, load_profile
from huoban_perf.profile.nocodb import own_server, start_server, stop_server
from huoban_perf.sandbox import Offer

__all__ = [
    "Offer",
    "Profile",
    "Site",
    "Stage",
    "channels_of",
    "connect",
    "environment",
    "forget_world",
    "lint_captured",
    "load_profile",
    "own_server",
    "secret_of",
    "serve_world",
    "stage_world",
    "start_server",
    "stop_server",
]
