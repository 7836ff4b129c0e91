"""What can go wrong between START and the credential file, each with what to do."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """What a page says.

    Attributes:
        title: What happened, in a few words.
        happened: The same in a sentence or two.
        to_do: What the person does next.
        may_retry: Whether starting again can help.
    """

    title: str
    happened: str
    to_do: str
    may_retry: bool = True


PROBLEMS: dict[str, Text] = {
    "denied": Text(
        "Access was not allowed",
        "Booker says that access was denied, or that the sign-in was cancelled. Nothing was stored.",
        "Start again, and press Allow on Booker's page. Only a user with Merchant level may allow it.",
    ),
    "location": Text(
        "This location is not there",
        "Booker accepted the sign-in, but shows no such location to this user. Nothing was stored.",
        "Check the Location ID, and that the user who signs in belongs to that location; then start again.",
    ),
    "expired": Text(
        "The sign-in took too long",
        "Booker did not accept its own code any more: it ends after a few minutes and is good once. "
        "Nothing was stored.",
        "Start again. Booker may still know you, so it will be quick. If it happens again, Booker may "
        "not take the code challenge: stop the command and run it with --no-pkce.",
    ),
    "second-tab": Text(
        "You started again in another tab",
        "This answer of Booker belongs to an earlier start. Only the newest one counts.",
        "Go on in the other tab, or start again here.",
    ),
    "replayed": Text(
        "This answer was used already",
        "The browser came back with an answer of Booker that was dealt with before: by its Back button, "
        "perhaps, or a reload.",
        "Look at the tab in which it ended. If there is none, start again.",
    ),
    "unknown": Text(
        "This answer belongs to no sign-in",
        "What came back does not belong to a sign-in that was started here, so it was not used.",
        "Start again here. If you followed a link from a message, be careful with whoever sent it.",
    ),
    "other-browser": Text(
        "This is another browser",
        "The sign-in was started in another browser or profile, or this one keeps no cookies.",
        "Go on in the browser where you pressed START, or start again in this one with cookies allowed.",
    ),
    "stale": Text(
        "This page is out of date",
        "It was opened before the sign-in was started anew, or the browser keeps no cookies.",
        "Start again.",
    ),
    "client": Text(
        "Booker does not accept the application",
        "Booker refused client_id and client_secret. Nothing was stored.",
        "Stop the command with Ctrl-C, correct the two settings, and run it again.",
        may_retry=False,
    ),
    "application": Text(
        "This application may not sign anybody in",
        "Booker knows the application, but does not let it take this way (authorization code). "
        "Nothing was stored.",
        "Have Booker allow it for the application, then start again. A personal access token does without.",
    ),
    "scope": Text(
        "The application may not ask for this",
        "It asks for openid, profile, userinfo, offline_access, and what the setting scope names (merchant); "
        "Booker does not allow one of them. Nothing was stored.",
        "Have Booker allow them for the application, then start again.",
    ),
    "key": Text(
        "Booker does not accept the subscription key",
        "The sign-in went well, but the Merchant API refused what came of it. Nothing was stored.",
        "Stop the command with Ctrl-C, check that subscription_key belongs to the same application as "
        "client_id, and run it again.",
        may_retry=False,
    ),
    "setting": Text(
        "An address in the settings leads nowhere",
        "The sign-in went well, but at the address for the next step there is no Booker. Nothing was stored.",
        "Stop the command with Ctrl-C, correct the address, and run it again.",
        may_retry=False,
    ),
    "refused": Text(
        "Booker refused the request",
        "Booker did not give access, for a reason that is not the user's. Nothing was stored.",
        "If it says invalid_request, stop the command and run it with --no-pkce. Anything else is for "
        "Booker's support.",
    ),
    "no-refresh-token": Text(
        "Booker gave no lasting access",
        "The answer holds no refresh token, so access would end within the hour. Nothing was stored.",
        "Have offline_access allowed for the application at Booker, then start again.",
    ),
    "unavailable": Text(
        "Booker cannot be asked at the moment",
        "Booker did not do what it was asked for, and that may pass. Nothing was stored.",
        "Wait a moment, then start again.",
    ),
    "file": Text(
        "The credential file cannot be written",
        "Booker gave access, but the file that should hold it could not be written.",
        "Make room or mend the permissions, then start again.",
    ),
    "stopped": Text(
        "The command has been stopped",
        "Booker's answer came too late to be used. Nothing was stored.",
        "Run booker-connect again.",
        may_retry=False,
    ),
    "over": Text(
        "Booker is connected",
        "The sign-in has ended well, in this browser or in another one.",
        "Nothing is left to do here. To connect anew, run booker-connect again.",
        may_retry=False,
    ),
    "not-found": Text(
        "There is no such page",
        "This address is not part of the sign-in.",
        "Start at the beginning.",
    ),
}
"""Kind to text; the kinds stand in the pages' addresses."""


class ProblemError(Exception):
    """The sign-in cannot go on like this.

    Args:
        kind: Key of `PROBLEMS`.
        detail: The particulars, in one sentence without a token, or empty.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(kind)

    @property
    def text(self) -> Text:
        """What to say."""
        return PROBLEMS[self.kind]

    def line(self) -> str:
        """The problem for a terminal."""
        detail = f" {self.detail}" if self.detail else ""
        return f"{self.text.title}. {self.text.happened}{detail} What to do: {self.text.to_do}"
