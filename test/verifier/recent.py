"""What contributions may begin from, and what counts once (docs/protocol.md, section 5)."""


class Begun:
    """A round that contributions may begin from."""

    def __init__(self, bound):
        self.bound, self.base = bound, None
        self.keys = set()  # of the contributions that began from it
        self.owners = {}  # of the payloads that were contributed to it, in all its attempts; "nobody" of those that may not be again


class Recent:
    def __init__(self):
        self.rounds, self.latest, self.attempt = {}, 0, []

    def opened(self, number, base, bound, staleness):
        self.rounds.setdefault(number, Begun(bound)).base = base
        self.latest, self.attempt = number, []
        for old in [one for one in self.rounds if one < number - staleness]:
            del self.rounds[old]

    def problem(self, body):
        begun = self.rounds.get(body["round"])
        if begun is None:
            return "round"
        if begun.base != body["base"]:
            return "base"
        if body["key"] in begun.keys:
            return "key"
        owners = (one.owners.get(body["payload"], body["key"]) for one in self.rounds.values())
        return None if all(owner == body["key"] for owner in owners) else "payload"

    def accepted(self, body):
        self.attempt.append((body["round"], body["key"], body["payload"]))
        self.rounds[body["round"]].keys.add(body["key"])
        self.rounds[self.latest].owners[body["payload"]] = body["key"]

    def disown(self):
        owners = self.rounds[self.latest].owners
        owners.update((payload, "nobody") for _, _, payload in self.attempt)

    def abandoned(self, judged):
        for number, key, _ in self.attempt:
            self.rounds[number].keys.discard(key)
        if judged:
            self.disown()
