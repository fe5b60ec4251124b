"""`python -m gemba`: the command line, where its script is not installed."""

from gemba.cli import app

if __name__ == "__main__":
    app(prog_name="gemba")
