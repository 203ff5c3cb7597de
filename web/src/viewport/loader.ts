// Frames from the archive into the engine's cache: fetched as they are stored, decoded in workers, values as they are looked at.
import { cache, Enums, getShouldUseCPURendering, getWebWorkerManager, imageLoader, init as initCore, metaData, utilities } from "@cornerstonejs/core";
import type { Types } from "@cornerstonejs/core";
import { init as initDecoders } from "@cornerstonejs/dicom-image-loader";
import { ApiError, parseProblem } from "../api/client";
import type { Frame } from "./model/frames";
import { rangeOf, seenValues, type Samples, type Seen, type Window } from "./model/pixels";
import { ACCEPTED, transferSyntaxOf } from "./model/source";

const SCHEME = "filmless";
const MEGABYTE = 1024 ** 2;
const CACHE_BYTES = 1024 * MEGABYTE;
const FULL = 0.75; // of the cache: beyond it nothing is loaded ahead
const NATIVE = /^1\.2\.840\.10008\.1\.2(\.1)?$/;
const LOSSY_SYNTAX = /^1\.2\.840\.10008\.1\.2\.4\.(5[0-6]|81|91|203)$/;
const LEVELS = 65535;

/** The bytes came, but are no image of the size that the header says. */
export class NotDecoded extends Error {}

interface Loaded {
  window: Window;
  isLossy: boolean; // as the code stream says
}

const frames = new Map<string, Frame>();
const loaded = new Map<string, Loaded>();
const underWay = new Map<string, Promise<Types.IImage>>();
let abort = new AbortController(); // of everything under way
let started = false;

export const imageIdOf = (frame: Frame): string => `${SCHEME}:${frame.id}`;
export const loadedOf = (frame: Frame): Loaded | null => loaded.get(imageIdOf(frame)) ?? null;
export const isCached = (frame: Frame): boolean => cache.getImage(imageIdOf(frame)) !== undefined;
export const hasRoom = (): boolean => cache.getCacheSize() < FULL * CACHE_BYTES;

/** Once for the page's life: the engine, its decoders, and the frames of this archive as a source of images. */
export function startEngine(): void {
  if (started) return;
  started = true;
  initCore();
  initDecoders({ maxWebWorkers: Math.max(1, Math.min(4, Math.floor((navigator.hardwareConcurrency || 2) / 2))) });
  cache.setMaxCacheSize(CACHE_BYTES);
  // only for what has left the cache between two lines of ours
  imageLoader.registerImageLoader(SCHEME, ((imageId: string) => ({ promise: once(imageId) })) as unknown as Types.ImageLoaderFn);
  metaData.addProvider(modulesOf, 10_000);
}

/** The frames that may be asked for from now on. */
export function register(added: readonly Frame[]): void {
  for (const frame of added) frames.set(imageIdOf(frame), frame);
}

/** Everything under way is given up, and nothing of the patient stays in memory. */
export function forgetAll(): void {
  abort.abort();
  abort = new AbortController();
  underWay.clear();
  cache.purgeCache();
  frames.clear();
  loaded.clear();
}

/** Load into the cache; rejects with what the server or the decoder said. */
export const loadFrame = (frame: Frame): Promise<Types.IImage> => once(imageIdOf(frame));

/** Who asks for what is under way waits for it. */
function once(imageId: string): Promise<Types.IImage> {
  const cached = cache.getImage(imageId);
  if (cached) return Promise.resolve(cached);
  let promise = underWay.get(imageId);
  if (!promise) {
    promise = intoCache(imageId, abort.signal).finally(() => underWay.delete(imageId));
    underWay.set(imageId, promise);
  }
  return promise;
}

async function intoCache(imageId: string, signal: AbortSignal): Promise<Types.IImage> {
  const image = await load(imageId, signal);
  signal.throwIfAborted(); // decoded after everything was forgotten
  if (!cache.getImage(imageId)) cache.putImageSync(imageId, image);
  return image;
}

/**
 * The engine sees each frame as a plane of its own: x along its rows, y along its columns, in the unit of its pixel spacing. Where it
 * lies in the patient is ours to know (model/geometry.ts).
 */
function modulesOf(type: string, imageId: unknown): unknown {
  const frame = typeof imageId === "string" ? frames.get(imageId) : undefined;
  if (!frame) return undefined;
  const isColour = frame.source === "painted";
  switch (type) {
    case Enums.MetadataModules.IMAGE_PIXEL:
      return {
        samplesPerPixel: isColour ? 3 : 1,
        photometricInterpretation: isColour ? "RGB" : "MONOCHROME2", // inversion is an act of ours, not of the engine
        rows: frame.rows,
        columns: frame.columns,
        bitsAllocated: isColour ? 8 : 16,
        bitsStored: isColour ? 8 : 16,
        highBit: isColour ? 7 : 15,
        pixelRepresentation: 0,
      };
    case Enums.MetadataModules.IMAGE_PLANE:
      return {
        rows: frame.rows,
        columns: frame.columns,
        rowCosines: [1, 0, 0],
        columnCosines: [0, 1, 0],
        imageOrientationPatient: [1, 0, 0, 0, 1, 0],
        imagePositionPatient: [0, 0, 0],
        rowPixelSpacing: frame.aspect[0],
        columnPixelSpacing: frame.aspect[1],
        pixelSpacing: [frame.aspect[0], frame.aspect[1]],
        frameOfReferenceUID: frame.frameOfReference ?? "",
        sliceThickness: 1,
      };
    case Enums.MetadataModules.GENERAL_SERIES:
      return { modality: "OT" }; // else the engine would scale PET by itself
    default:
      return undefined;
  }
}

async function load(imageId: string, signal: AbortSignal): Promise<Types.IImage> {
  const frame = frames.get(imageId);
  if (!frame) throw new NotDecoded("unknown");
  return frame.source === "stored" ? loadStored(imageId, frame, signal) : loadPainted(imageId, frame, signal);
}

async function request(address: string, accept: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { headers: { Accept: accept }, credentials: "same-origin", signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, "");
  }
  if (!response.ok) throw parseProblem(response.status, await response.text(), response.headers.get("Retry-After"));
  return response;
}

interface Decoded {
  pixelData: Samples;
  rows: number;
  columns: number;
}

async function loadStored(imageId: string, frame: Frame, signal: AbortSignal): Promise<Types.IImage> {
  const response = await request(frame.address, ACCEPTED, signal);
  const syntax = transferSyntaxOf(response.headers.get("Content-Type"));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { values } = frame;
  const decoded = (await getWebWorkerManager().executeTask("dicomImageLoader", "decodeTask", {
    imageFrame: {
      imageId,
      samplesPerPixel: 1,
      photometricInterpretation: frame.photometric,
      planarConfiguration: 0,
      rows: frame.rows,
      columns: frame.columns,
      bitsAllocated: values.bitsAllocated,
      bitsStored: values.bitsStored,
      pixelRepresentation: values.signed ? 1 : 0,
    },
    transferSyntax: syntax,
    pixelData: bytes,
    options: { preScale: { enabled: false } },
    decodeConfig: {},
  })) as Decoded;
  if (decoded.pixelData.length !== frame.rows * frame.columns) throw new NotDecoded("size");
  const seen = seenValues(decoded.pixelData, values, !NATIVE.test(syntax));
  loaded.set(imageId, { window: seen.window, isLossy: LOSSY_SYNTAX.test(syntax) });
  return greyImage(imageId, frame, seen);
}

/** Whole numbers of 16 bits with a factor: the engine's path without a graphics processor looks values up in a table. */
function levels(seen: Seen): { samples: Seen["samples"]; slope: number; intercept: number } {
  if (!(seen.samples instanceof Float32Array) || !getShouldUseCPURendering()) return { samples: seen.samples, slope: 1, intercept: 0 };
  const slope = (seen.high - seen.low) / LEVELS || 1;
  return { samples: Uint16Array.from(seen.samples, (value) => Math.round((value - seen.low) / slope)), slope, intercept: seen.low };
}

function greyImage(imageId: string, frame: Frame, seen: Seen): Types.IImage {
  const { samples, slope, intercept } = levels(seen);
  const { lower, upper } = rangeOf(seen.window);
  return {
    ...common(imageId, frame, samples, 1),
    color: false,
    rgba: false,
    slope,
    intercept,
    preScale: { enabled: slope === 1 && intercept === 0, scaled: slope === 1 && intercept === 0 },
    minPixelValue: slope === 1 ? seen.low : 0,
    maxPixelValue: slope === 1 ? seen.high : LEVELS,
    windowCenter: (lower + upper) / 2,
    windowWidth: upper - lower,
  } as unknown as Types.IImage;
}

/** Colours as the server converts them, without loss, in the size of the image. */
async function loadPainted(imageId: string, frame: Frame, signal: AbortSignal): Promise<Types.IImage> {
  const response = await request(`${frame.address}/rendered`, "image/png", signal);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(frame.columns, frame.rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new NotDecoded("canvas");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const painted = context.getImageData(0, 0, frame.columns, frame.rows).data;
  const isRgba = getShouldUseCPURendering();
  const samples = isRgba ? painted : withoutAlpha(painted);
  loaded.set(imageId, { window: { center: 128, width: 256, shape: "LINEAR" }, isLossy: false });
  return {
    ...common(imageId, frame, samples, isRgba ? 4 : 3),
    color: true,
    rgba: isRgba,
    slope: 1,
    intercept: 0,
    preScale: { enabled: false },
    minPixelValue: 0,
    maxPixelValue: 255,
    windowCenter: 128,
    windowWidth: 256,
  } as unknown as Types.IImage;
}

function withoutAlpha(painted: Uint8ClampedArray): Uint8Array {
  const samples = new Uint8Array((painted.length / 4) * 3);
  for (let from = 0, to = 0; from < painted.length; from += 4) {
    samples[to++] = painted[from] as number;
    samples[to++] = painted[from + 1] as number;
    samples[to++] = painted[from + 2] as number;
  }
  return samples;
}

function common(imageId: string, frame: Frame, samples: Seen["samples"] | Uint8ClampedArray, components: number): object {
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    scalarData: samples as Types.PixelDataTypedArray,
    width: frame.columns,
    height: frame.rows,
    numberOfComponents: components,
  });
  return {
    imageId,
    dataType: samples.constructor.name,
    voxelManager,
    getPixelData: () => samples,
    rows: frame.rows,
    columns: frame.columns,
    height: frame.rows,
    width: frame.columns,
    numberOfComponents: components,
    rowPixelSpacing: frame.aspect[0],
    columnPixelSpacing: frame.aspect[1],
    invert: false,
    sizeInBytes: samples.byteLength,
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR,
  };
}
