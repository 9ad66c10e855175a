"""`python -m incamera`."""

from incamera.cli.app import main

if __name__ == "__main__":
    main()
