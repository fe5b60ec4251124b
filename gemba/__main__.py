"""`python -m gemba` is the `gemba` command."""

from gemba.cli import app

if __name__ == "__main__":
    app()
