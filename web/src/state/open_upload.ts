// How a page opens the upload dialog of the frame.
import { createContext, useContext } from "react";

export const OpenUpload = createContext<() => void>(() => undefined);

export const useOpenUpload = (): (() => void) => useContext(OpenUpload);
