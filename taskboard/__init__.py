"""One Markdown file as the control plane of a background agent runtime."""

__version__ = "0.1.0"
