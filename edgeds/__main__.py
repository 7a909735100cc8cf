"""The command `edgeds`, also as `python -m edgeds`."""


def main() -> None:
    """Run the command. Ctrl-C while it is still being loaded ends it without a traceback, too."""
    try:
        from edgeds.cli import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
