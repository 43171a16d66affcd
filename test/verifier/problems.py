"""What a verifier finds."""


class Wrong(Exception):
    """Something is not as it was written: where, and what."""

    def __init__(self, place, problem):
        super().__init__(problem)
        self.place = place
        self.problem = problem


def require(holds, place, problem):
    if not holds:
        raise Wrong(place, problem)
