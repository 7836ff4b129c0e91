"""The pages that a merchant meets on Booker's identity host: sign-in, consent, and a refusal."""

from __future__ import annotations

from html import escape

from sandbox.server.call import Answer

SCOPE_TEXT = {
    "merchant": "Read and manage your business: customers, appointments, orders and settings",
    "customer": "Act for your customers when they book",
    "offline_access": "Stay connected when you are not signed in",
    "profile": "See your profile",
    "userinfo": "See your user name",
    "openid": "Know who you are",
}
_STYLE = """
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef1f4;color:#1f2933;
 font:16px/1.5 system-ui,sans-serif}
main{box-sizing:border-box;width:min(26rem,100%);padding:2rem;background:#fff;border-top:.4rem solid #b4233a}
h1{margin:0 0 1rem;font-size:1.3rem}label{display:block;margin:1rem 0 .4rem}
input{box-sizing:border-box;width:100%;padding:.6rem;border:1px solid #6b7785;font:inherit}
button{margin:1.5rem .5rem 0 0;padding:.6rem 1.2rem;border:1px solid #b4233a;background:#b4233a;color:#fff;
 font:inherit;cursor:pointer}button.plain{background:#fff;color:#8c1a2d}
.wrong{color:#8c1a2d}:focus-visible{outline:3px solid #1f5fbf;outline-offset:2px}
"""


def sign_in(request: str, *, is_wrong: bool = False) -> Answer:
    """The form for user name and password."""
    wrong = '<p class="wrong" role="alert">The user name or password is incorrect.</p>' if is_wrong else ""
    return _page(
        "Sign in to Booker",
        f"""<p>Use the user name and password of your business.</p>{wrong}
<form method="post" action="login">{_hidden(request)}
<label for="user_name">User name</label>
<input id="user_name" name="user_name" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button name="decision" value="sign_in">Sign in</button>
<button class="plain" name="decision" value="cancel" formnovalidate>Cancel</button></form>""",
    )


def consent(request: str, client: str, scope: str) -> Answer:
    """The form that asks whether a client may do what it asks for."""
    rights = "".join(f"<li>{escape(SCOPE_TEXT.get(one, one))}</li>" for one in scope.split())
    return _page(
        "Allow access?",
        f"""<p><strong>{escape(client)}</strong> asks for access to your Booker account:</p><ul>{rights}</ul>
<form method="post" action="consent">{_hidden(request)}
<button name="decision" value="allow" autofocus>Allow</button>
<button class="plain" name="decision" value="deny">Deny</button></form>""",
    )


def refusal(error: str, description: str) -> Answer:
    """What is shown when the browser must not be sent back."""
    text = f'<p class="wrong">Error: <code>{escape(error)}</code></p><p>{escape(description)}</p>'
    return _page("Sorry, there was an error", text, status=400)


def _hidden(request: str) -> str:
    return f'<input type="hidden" name="request" value="{escape(request)}">'


def _page(title: str, content: str, status: int = 200) -> Answer:
    html = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{content}</main></body></html>"""
    return Answer(status, page=html, headers={"Cache-Control": "no-store"})
