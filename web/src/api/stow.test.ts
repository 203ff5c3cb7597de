// Files are told apart, gathered into requests, and given the outcome that the answer names.
import { describe, expect, it } from "vitest";
import { assign, classify, multipart, readStoreAnswer, split } from "./stow";

function element(tag: number, vr: string, value: string): number[] {
  const padded = value.length % 2 ? `${value}\0` : value;
  const bytes = [...padded].map((letter) => letter.charCodeAt(0));
  return [0x02, 0x00, tag, 0x00, vr.charCodeAt(0), vr.charCodeAt(1), bytes.length, 0, ...bytes];
}

function part10(sopClass: string, instance: string): Uint8Array {
  const meta = [...element(0x02, "UI", sopClass), ...element(0x03, "UI", instance)];
  const version = [0x02, 0x00, 0x01, 0x00, 0x4f, 0x42, 0, 0, 2, 0, 0, 0, 0, 1];
  return new Uint8Array([...new Array<number>(128).fill(0), 0x44, 0x49, 0x43, 0x4d, ...version, ...meta, 8, 0, 0x16, 0]);
}

describe("classify", () => {
  it("reads the instance UID from the file meta information", () => {
    expect(classify(part10("1.2.840.10008.5.1.4.1.1.2", "1.2.3"))).toEqual({ kind: "dicom", instanceUid: "1.2.3" });
  });
  it("tells a media directory apart", () => {
    expect(classify(part10("1.2.840.10008.1.3.10", "1.2.3")).kind).toBe("media-directory");
  });
  it("takes a data set without preamble for DICOM", () => {
    expect(classify(new Uint8Array([8, 0, 5, 0, 0x43, 0x53, 10, 0, ...new Array<number>(12).fill(0x20)])).kind).toBe("dicom");
    expect(classify(new Uint8Array([8, 0, 0, 0, 4, 0, 0, 0, ...new Array<number>(12).fill(0)])).kind).toBe("dicom");
  });
  it("takes text, pictures and empty files for something else", () => {
    const text = new TextEncoder().encode("Read me first: this disc holds pictures of the patient.");
    expect(classify(text).kind).toBe("not-dicom");
    expect(classify(new Uint8Array([0xff, 0xd8, 0xff, 0xe0, ...new Array<number>(400).fill(1)])).kind).toBe("not-dicom");
    expect(classify(new Uint8Array()).kind).toBe("not-dicom");
  });
  it("survives a header that is cut or lies about its length", () => {
    const whole = part10("1.2.840.10008.5.1.4.1.1.2", "1.2.3");
    for (let stop = 0; stop <= whole.length; stop += 1) expect(() => classify(whole.slice(0, stop))).not.toThrow();
  });
});

describe("split", () => {
  const file = (instanceUid: string | null, size = 1) => ({ instanceUid, size });
  it("keeps to the number of files and of bytes", () => {
    const files = ["1", "2", "3", "4", "5"].map((uid) => file(uid, 10));
    expect(split(files, { files: 2, bytes: 1000 }).map((request) => request.length)).toEqual([2, 2, 1]);
    expect(split(files, { files: 9, bytes: 30 }).map((request) => request.length)).toEqual([3, 2]);
  });
  it("sends a file larger than the limit alone", () => {
    const files = [file("1", 5), file("2", 500), file("3", 5)];
    expect(split(files, { files: 9, bytes: 30 }).map((request) => request.map((one) => one.instanceUid))).toEqual([["1"], ["2"], ["3"]]);
  });
  it("sends a file without a UID alone and one UID once in a request", () => {
    const requests = split([file("1"), file(null), file("1"), file("2")], { files: 9, bytes: 99 });
    expect(requests.map((request) => request.map((one) => one.instanceUid))).toEqual([[null], ["1"], ["1", "2"]]);
  });
  it("loses and doubles nothing", () => {
    const files = Array.from({ length: 100 }, (_, index) => file(index % 7 ? String(index % 20) : null, index));
    expect(new Set(split(files).flat()).size).toBe(100);
    expect(split(files).flat()).toHaveLength(100);
  });
});

describe("multipart", () => {
  it("wraps each file and knows where it ends", async () => {
    const { body, ends, type } = multipart([new Blob(["one"]), new Blob(["three"])], "b");
    const text = await body.text();
    expect(type).toContain('type="application/dicom"; boundary=b');
    expect(text.slice(0, ends[0]).endsWith("one")).toBe(true);
    expect(text.slice(0, ends[1]).endsWith("three")).toBe(true);
    expect(text.endsWith("\r\n--b--\r\n")).toBe(true);
  });
});

describe("the store answer", () => {
  const body = JSON.stringify({
    "00081199": { vr: "SQ", Value: [{ "00081155": { vr: "UI", Value: ["1"] } }] },
    "00081198": { vr: "SQ", Value: [{ "00081155": { vr: "UI", Value: ["2"] }, "00081197": { vr: "US", Value: [0xc000] } }] },
    "0008119A": { vr: "SQ", Value: [{ "00081197": { vr: "US", Value: [0xc000] } }] },
  });
  it("gives each named file its outcome and leaves the others open", () => {
    const files = ["1", "2", "3"].map((instanceUid) => ({ instanceUid, size: 1 }));
    const outcomes = assign(files, readStoreAnswer(body) ?? []);
    expect(outcomes.map((one) => one?.stored)).toEqual([true, false, undefined]);
    expect(outcomes[1]?.reason).toBe(0xc000);
  });
  it("gives the one outcome to the one file", () => {
    const answer = JSON.stringify({ "0008119A": { vr: "SQ", Value: [{ "00081197": { vr: "US", Value: [272] } }] } });
    expect(assign([{ instanceUid: null, size: 1 }], readStoreAnswer(answer) ?? [])[0]).toMatchObject({ stored: false, reason: 272 });
  });
  it("is no store answer when it names nothing", () => {
    expect(readStoreAnswer("<html>")).toBeNull();
    expect(readStoreAnswer("null")).toBeNull();
    expect(readStoreAnswer("{}")).toBeNull();
  });
});
