// Whether the pixels in a viewport had lost something before they were stored.
import type { Frame } from "./model/frames";
import { loadedOf } from "./loader";

/** As the code stream says; the object's own words are in `Frame.lossy`. */
export const isLossy = (frame: Frame): boolean => loadedOf(frame)?.isLossy ?? false;
