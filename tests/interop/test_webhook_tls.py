"""Webhooks over https: a receiver whose authority the gateway's system vouches for, and one that is not the one it says."""

import datetime
import hmac
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import programs
from programs import until
from test_http import Receiver


class Authority:
    def __init__(self, folder):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("test authority", self.key, x509.BasicConstraints(ca=True, path_length=0))
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name, key, constraints, address=None):
        now = datetime.datetime.now(datetime.UTC)
        issuer = self.certificate.subject if address else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(constraints, critical=True)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def context(self, address):
        """TLS of a receiver with a certificate for this address."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign("receiver", key, x509.BasicConstraints(ca=False, path_length=None), address)
        file = self.folder / f"{address}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


class TlsReceiver(Receiver):
    def __init__(self, context):
        super().__init__(context)
        self.url = self.url.replace("http://", "https://")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def gateway(tmp_path, ended, authority):
    program = programs.Gateway(tmp_path)
    program.env["SSL_CERT_FILE"] = str(authority.file)
    ended.append(program)
    return program.start()


def test_a_webhook_over_tls_is_signed_and_comes_again_until_it_is_taken(gateway, authority):
    receiver = TlsReceiver(authority.context("127.0.0.1"))
    receiver.refuses = True
    secret = gateway.run("webhook", "add", receiver.url, "--kind", "enrolled").stdout.strip()
    gateway.enroll("edge-1")
    hook = lambda: gateway.json("webhook", "ls")[0]  # noqa: E731
    until("it fails", lambda: hook()["state"] == "failing")
    assert hook()["last_error"] == "status 503 Service Unavailable"
    receiver.refuses = False
    until("it comes again", lambda: receiver.devices() == ["edge-1"])
    headers, body = receiver.taken[0]
    headers = {name.lower(): value for name, value in headers.items()}
    time, digits = (part.split("=")[1] for part in headers["homing-signature"].split(","))
    assert hmac.new(secret.encode(), f"{time}.".encode() + body, "sha256").hexdigest() == digits
    until("it is told", lambda: hook()["state"] == "active")


def test_no_event_goes_to_a_receiver_with_a_certificate_that_is_not_its_own(gateway, authority, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    strangers = {
        "for another address": authority.context("127.0.0.2"),
        "of an unknown authority": Authority(other).context("127.0.0.1"),
    }
    for what, context in strangers.items():
        receiver = TlsReceiver(context)
        gateway.run("webhook", "add", receiver.url, "--kind", "enrolled")
        gateway.enroll(f"edge-{len(what)}")
        until(what, lambda: gateway.json("webhook", "ls")[-1]["state"] == "failing")
        hook = gateway.json("webhook", "ls")[-1]
        assert "certificate" in hook["last_error"], hook
        assert receiver.taken == [], what
        gateway.run("webhook", "rm", hook["id"])
