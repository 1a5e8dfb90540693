"""The part of Cloud Storage's XML API that obstore writes and lists with, translated to JSON for fake-gcs-server.

That server answers XML reads itself and takes uploads in JSON only. What stands here is our reading of
cloud.google.com/storage/docs/xml-api: it shows that the runtime's calls and this reading agree, not that Google does.

    PUT /BUCKET/OBJECT                            an upload; x-goog-if-generation-match is kept
    POST …?uploads, PUT …?partNumber=&uploadId=,  an upload in parts, which is one object when it is completed
    POST and DELETE …?uploadId=                   (of upload, parts, completion and abortion)
    GET /BUCKET?list-type=2                       names by prefix and delimiter, page by page
    GET and HEAD /BUCKET/OBJECT                   handed on as they are
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

HOST = "127.0.0.1"
_PIECE = 1 << 20
_OWN = ("connection", "transfer-encoding", "date", "server")  # headers of one hop, not of the answer


class Uploads:
    """The parts of uploads that are not complete."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[int, bytes]] = {}
        self._lock = threading.Lock()

    def begin(self) -> str:
        """A new upload."""
        name = uuid.uuid4().hex
        with self._lock:
            self._parts[name] = {}
        return name

    def add(self, upload: str, number: int, part: bytes) -> None:
        """A part; one that is sent again counts once. Raises ``KeyError`` for an upload that is not there."""
        with self._lock:
            self._parts[upload][number] = part

    def take(self, upload: str, numbers: list[int] | None = None) -> bytes:
        """End an upload; the named parts joined. Raises ``KeyError`` for what was never sent."""
        with self._lock:
            parts = self._parts.pop(upload)
        return b"".join(parts[number] for number in numbers or ())


UPLOADS = Uploads()


class Translation(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    behind = 0  # the port of the server that does the work

    def do_GET(self) -> None:
        """An object, or a list of names."""
        bucket, name, query = self._asked()
        if name or not bucket:
            self._pass_on()
        else:
            self._list(bucket, query)

    def do_HEAD(self) -> None:
        """What is known of an object."""
        self._pass_on()

    def do_PUT(self) -> None:
        """An object, or a part of one."""
        bucket, name, query = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "x-goog-copy-source" in self.headers:
            self._say(501, b"copies are not translated")
        elif "uploadId" in query:
            number = int(query["partNumber"])
            try:
                UPLOADS.add(query["uploadId"], number, body)
            except KeyError:
                self._say(404, b"NoSuchUpload")
            else:
                self._say(200, headers={"ETag": f'"{number}"'})
        else:
            self._upload(bucket, name, body)

    def do_POST(self) -> None:
        """The beginning or the completion of an upload in parts."""
        bucket, name, query = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "uploads" in query:
            upload = UPLOADS.begin()
            named = f"<Bucket>{escape(bucket)}</Bucket><Key>{escape(name)}</Key><UploadId>{upload}</UploadId>"
            self._say(200, f"<InitiateMultipartUploadResult>{named}</InitiateMultipartUploadResult>".encode())
            return
        numbers = [int(each.text or 0) for each in ElementTree.fromstring(body).iter() if _is(each, "PartNumber")]
        try:
            whole = UPLOADS.take(query["uploadId"], numbers)
        except KeyError:
            self._say(404, b"NoSuchUpload")
        else:
            self._upload(bucket, name, whole, completed=True)

    def do_DELETE(self) -> None:
        """An upload in parts that is given up; objects are deleted as the server behind does."""
        _, _, query = self._asked()
        if "uploadId" not in query:
            self._pass_on()
            return
        try:
            UPLOADS.take(query["uploadId"])
        except KeyError:
            self._say(404, b"NoSuchUpload")
        else:
            self._say(204)

    def _asked(self) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(self.path)
        bucket, _, name = unquote(parts.path).lstrip("/").partition("/")
        return bucket, name, {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def _upload(self, bucket: str, name: str, body: bytes, *, completed: bool = False) -> None:
        """One upload of the object and what is known of it (docs: storage/docs/uploading-objects)."""
        about = {"name": name, "contentType": self.headers.get("Content-Type", "application/octet-stream")}
        if storage_class := self.headers.get("x-goog-storage-class"):
            about["storageClass"] = storage_class
        edge = uuid.uuid4().hex
        head = f"--{edge}\r\nContent-Type: application/json\r\n\r\n{json.dumps(about)}\r\n--{edge}\r\n".encode()
        sent = head + f"Content-Type: {about['contentType']}\r\n\r\n".encode() + body + f"\r\n--{edge}--".encode()
        query = {"uploadType": "multipart"}
        if generation := self.headers.get("x-goog-if-generation-match"):
            query["ifGenerationMatch"] = generation
        headers = {"Content-Type": f"multipart/related; boundary={edge}"}
        status, made = self._ask("POST", f"/upload/storage/v1/b/{quote(bucket)}/o?{urlencode(query)}", sent, headers)
        if status != 200:
            self._say(status, json.dumps(made).encode())
            return
        answer = f"<CompleteMultipartUploadResult><ETag>{escape(made['etag'])}</ETag></CompleteMultipartUploadResult>"
        known = {"ETag": f'"{made["etag"].strip(chr(34))}"', "x-goog-generation": str(made["generation"])}
        self._say(200, answer.encode() if completed else b"", known)

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        names = {"prefix": "prefix", "delimiter": "delimiter", "max-keys": "maxResults"}
        asked = {names[key]: value for key, value in query.items() if key in names and value}
        asked |= {"pageToken": query["continuation-token"]} if "continuation-token" in query else {}
        asked |= {"startOffset": query["start-after"]} if "start-after" in query else {}
        status, found = self._ask("GET", f"/storage/v1/b/{quote(bucket)}/o?{urlencode(asked)}")
        if status != 200:
            self._say(status, json.dumps(found).encode())
            return
        parts = [f"<Name>{escape(bucket)}</Name><Prefix>{escape(query.get('prefix', ''))}</Prefix>"]
        parts += [
            f"<Contents><Key>{escape(each['name'])}</Key><LastModified>{each['updated']}</LastModified>"
            f"<ETag>{escape(each['etag'])}</ETag><Size>{each['size']}</Size></Contents>"
            for each in found.get("items", ())
            if each["name"] != query.get("start-after")
        ]
        parts += [f"<CommonPrefixes><Prefix>{escape(p)}</Prefix></CommonPrefixes>" for p in found.get("prefixes", ())]
        if following := found.get("nextPageToken"):
            parts.append(f"<NextContinuationToken>{escape(following)}</NextContinuationToken>")
        self._say(200, f"<ListBucketResult>{''.join(parts)}</ListBucketResult>".encode())

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """A call of the JSON API."""
        connection = http.client.HTTPConnection(HOST, self.behind)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text.startswith(b"{") else {"said": text.decode()}
        finally:
            connection.close()

    def _pass_on(self) -> None:
        """The same request to the server behind, and its answer piece by piece."""
        connection = http.client.HTTPConnection(HOST, self.behind)
        kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        try:
            connection.request(self.command, self.path, headers=kept)
            response = connection.getresponse()
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in _OWN:
                    self.send_header(name, value)
            if response.chunked:  # its length is not known before it has been read
                whole = response.read()
                self.send_header("Content-Length", str(len(whole)))
                self.end_headers()
                self.wfile.write(whole)
                return
            self.end_headers()
            for piece in itertools.takewhile(bool, iter(lambda: response.read(_PIECE), None)):
                self.wfile.write(piece)
        finally:
            connection.close()

    def _say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has where it is defined
        """Only what goes wrong is worth a line."""


def _is(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name


if __name__ == "__main__":
    Translation.behind = int(sys.argv[2])
    ThreadingHTTPServer((HOST, int(sys.argv[1])), Translation).serve_forever()
