"""What a person sees whose browser opened an address that leads nowhere; programs get problem details."""

import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from incamera.api import notice
from incamera.api.http import application
from incamera.api.origins import FOREIGN
from incamera.api.page import Page
from incamera.refusal import Code, Refusal

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
"""What browsers send when a person opens an address."""
OURS = "https://meet.example"


@pytest.fixture
def server() -> TestClient:
    """A server with the page of this installation, asked by its machine's address."""
    app = application(signalling=(), page=Page(), readiness=lambda: {"media": None}, origins=(OURS,))
    return TestClient(app, base_url="http://10.0.0.7:7880")


def test_a_page_under_a_foreign_name_says_what_to_do(server: TestClient) -> None:
    for path in ("/", "/m/9Jk"):
        shown = server.get(path, headers=BROWSER)
        assert (shown.status_code, shown.headers["content-type"]) == (421, "text/html; charset=utf-8")
        assert "Open the link that you received" in shown.text
        assert "Ouvrez le lien que vous avez reçu" in shown.text
        assert "Code: origin.foreign" in shown.text
        assert "<script" not in shown.text
        assert shown.headers["vary"] == "Accept"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_programs_get_problem_details_under_a_foreign_name(server: TestClient, accept: str) -> None:
    for answer in (server.get("/", headers={"Accept": accept}), server.post("/api/v1/meetings", headers=BROWSER)):
        assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")
        assert answer.json()["code"] == "origin.foreign"


def test_an_address_that_is_not_there_says_so_to_a_person(server: TestClient) -> None:
    ours = TestClient(server.app, base_url=OURS)
    shown = ours.get("/m/a/b", headers=BROWSER)
    assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Code: not.found" in shown.text
    assert ours.get("/m/a/b").text == "Not found"


def test_the_notice_allows_its_own_style_and_nothing_else() -> None:
    shown = notice.notice(FOREIGN)
    (style,) = re.findall(r"<style>(.*?)</style>", bytes(shown.body).decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = shown.headers["content-security-policy"].split("; ")
    assert policy == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    assert not re.findall(r"\b(?:src|href|style|on\w+)=|url\(", bytes(shown.body).decode())


def test_words_of_a_refusal_are_text_and_no_markup() -> None:
    shown = bytes(notice.notice(Refusal(Code.NOT_FOUND, "<b>no</b>", "& 'so on'")).body).decode()
    assert "&lt;b&gt;no&lt;/b&gt;" in shown
    assert "&amp; &#x27;so on&#x27;" in shown
