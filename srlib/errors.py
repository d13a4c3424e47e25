"""The one error that means "the input is at fault", so that a command can answer it in one line."""


class InputError(ValueError):
    """Input that cannot be used: the message says what was wrong, with what, and what to do."""
