"""`python -m edgeds` is `edgeds`."""

from edgeds.cli import main

if __name__ == "__main__":
    main()
