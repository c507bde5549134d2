"""Letters by SMTP."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

PATIENCE = 20.0
"""Seconds that a mail server may take for one answer."""
IMPLICIT_TLS_PORT = 465


@dataclass(frozen=True)
class Server:
    """Where letters are handed over, and in whose name."""

    host: str
    port: int
    username: str
    password: str
    use_tls: bool
    sender: str


def send(server: Server, recipient: str, subject: str, body: str) -> None:
    """Hand a letter over. Raises OSError, of which smtplib's own errors are."""
    letter = EmailMessage()
    # The policy refuses line feeds in a header, so nothing typed can add one.
    letter["Subject"] = " ".join(subject.split())
    letter["From"] = server.sender
    letter["To"] = recipient
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2].strip(" >"))
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(body)
    with _connect(server) as connection:
        if server.username:
            connection.login(server.username, server.password)
        connection.send_message(letter)


def _connect(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.use_tls and server.port == IMPLICIT_TLS_PORT:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=PATIENCE)
    if server.use_tls:
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
    return connection
