"""A server that takes what is posted to it over HTTPS, with a certificate of an authority of its own.

Writes the authority's certificate into the file that is named, and prints the port, then a line for each body."""

import datetime
import http.server
import os
import ssl
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(name, key, issuer, issuer_key, extensions):
    """A certificate for a day around the present."""
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    called = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    builder = x509.CertificateBuilder().subject_name(called(name)).issuer_name(called(issuer)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Taker(http.server.BaseHTTPRequestHandler):
    """Prints bodies."""

    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of clients that break off."""

    def handle_error(self, *_):
        pass


authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
authority = certificate("test authority", authority_key, "test authority", authority_key, [x509.BasicConstraints(True, None)])
names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
own = certificate("localhost", key, "test authority", authority_key, [x509.BasicConstraints(False, None), names])
with open(sys.argv[1], "wb") as file:
    file.write(authority)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
with tempfile.NamedTemporaryFile(delete=False) as file:
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write(secret + own)
context.load_cert_chain(file.name)
os.unlink(file.name)
server = Server(("127.0.0.1", 0), Taker)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
