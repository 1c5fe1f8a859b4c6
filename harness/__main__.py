"""``python -m harness``."""

from harness import start


def main() -> None:
    """Run the command line; whatever happens on the way, exit 1 is a regression's alone."""
    start.take_over()
    try:
        from harness.cli import main as command_line

        command_line()
    except SystemExit:
        raise
    except BaseException as error:
        start.give_up(error)


if __name__ == "__main__":
    main()
