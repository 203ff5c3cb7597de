// The frame around all pages of somebody signed in: rail, warnings, the page, uploads.
import { Tooltip, useMantineColorScheme } from "@mantine/core";
import { IconAlertTriangle, IconKeyboard, IconList, IconTrash, IconUpload, IconUsers } from "@tabler/icons-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, NavLink, Outlet, useLocation } from "react-router";
import { useKeys } from "../keys/use_keys";
import { AskToDelete, type Target } from "../state/bin";
import { OpenUpload } from "../state/open_upload";
import { SignedIn, useSession, useSignedIn } from "../state/session";
import { useSettings } from "../state/settings";
import { useUploads } from "../state/uploads";
import { DeletedToast } from "./deleted_toast";
import { DropZone } from "./drop_zone";
import { Logo } from "./logo";
import { Failure, Loading } from "./notice";

import "./frame.css";

const deleteDialog = () => import("./delete_dialog");
const DeleteDialog = lazy(deleteDialog);
const KeyHelp = lazy(() => import("./key_help"));
const UploadDialog = lazy(() => import("./upload_dialog"));
const UploadTray = lazy(() => import("./upload_tray"));

export function Frame() {
  const { t } = useTranslation();
  const session = useSession();
  const location = useLocation();
  if (session.isPending) return <Loading label={t("frame.starting")} />;
  if (session.isError) return <Failure error={session.error} retry={() => void session.refetch()} />;
  if (!session.data) {
    const next = location.pathname === "/" ? "" : `?next=${encodeURIComponent(location.pathname + location.search)}`;
    return <Navigate to={`/login${next}`} replace />;
  }
  return (
    <SignedIn value={session.data}>
      <SignedInFrame />
    </SignedIn>
  );
}

const keyOf = ({ study, series }: Target): string => series?.series_uid ?? study.study_uid;

/** The colours that the user has chosen, here or on another computer. */
function useKeptTheme(): void {
  const { theme } = useSettings().settings;
  const { setColorScheme } = useMantineColorScheme();
  useEffect(() => {
    if (theme) setColorScheme(theme);
  }, [theme, setColorScheme]);
}

function SignedInFrame() {
  const { t } = useTranslation();
  const { insecure, rights } = useSignedIn();
  const [dialog, setDialog] = useState<"keys" | "upload" | null>(null);
  const [asked, setAsked] = useState<{ target: Target; onDeleted: () => void } | null>(null);
  const [deleted, setDeleted] = useState<Target | null>(null);
  useKeptTheme();
  const uploading = useUploads().files.length > 0;
  const mayStore = rights.includes("store");
  const mayDelete = rights.includes("delete");
  const openUpload = useCallback(() => setDialog("upload"), []);
  const openKeys = (): void => setDialog("keys");
  const close = (): void => setDialog(null);
  const ask = useCallback((target: Target, onDeleted: () => void) => setAsked({ target, onDeleted }), []);
  useEffect(() => void (mayDelete && deleteDialog()), [mayDelete]); // a reason may be typed as soon as it is asked for
  const forget = useCallback(() => setDeleted(null), []);
  useKeys(mayStore ? { "?": openKeys, u: openUpload } : { "?": openKeys });
  return (
    <div className="frame">
      <a className="frame-skip" href="#content">
        {t("frame.skip")}
      </a>
      <nav className="rail" aria-label={t("frame.navigation")}>
        <NavLink to="/worklist" className="rail-logo" aria-label={t("frame.home")}>
          <Logo />
        </NavLink>
        <Tooltip label={t("frame.studies")} position="right" openDelay={300}>
          <NavLink to="/worklist" className="rail-item">
            <IconList size={20} stroke={1.6} aria-hidden />
            <span>{t("frame.studies")}</span>
          </NavLink>
        </Tooltip>
        <Tooltip label={t("frame.patients")} position="right" openDelay={300}>
          <NavLink to="/patients" className="rail-item">
            <IconUsers size={20} stroke={1.6} aria-hidden />
            <span>{t("frame.patients")}</span>
          </NavLink>
        </Tooltip>
        {mayStore && (
          <Tooltip label={`${t("frame.upload")}  U`} position="right" openDelay={300}>
            <button type="button" className="rail-item" onClick={openUpload}>
              <IconUpload size={20} stroke={1.6} aria-hidden />
              <span>{t("frame.upload")}</span>
            </button>
          </Tooltip>
        )}
        {mayDelete && (
          <Tooltip label={t("frame.bin")} position="right" openDelay={300}>
            <NavLink to="/bin" className="rail-item">
              <IconTrash size={20} stroke={1.6} aria-hidden />
              <span>{t("frame.bin")}</span>
            </NavLink>
          </Tooltip>
        )}
        <span className="rail-space" />
        <Tooltip label={`${t("frame.keys")}  ?`} position="right" openDelay={300}>
          <button type="button" className="rail-item rail-keys" onClick={openKeys}>
            <IconKeyboard size={20} stroke={1.6} aria-hidden />
            <span>{t("frame.keys")}</span>
          </button>
        </Tooltip>
      </nav>
      <div className="frame-page">
        {insecure.length > 0 && (
          <div className="frame-warning" role="status">
            <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
            <strong>{t("frame.insecure")}</strong>
            <span>{insecure.join(" ")}</span>
          </div>
        )}
        <OpenUpload value={openUpload}>
          <AskToDelete value={mayDelete ? ask : null}>
            <Suspense fallback={<Loading label={t("frame.starting")} />}>
              <Outlet />
            </Suspense>
          </AskToDelete>
        </OpenUpload>
      </div>
      {mayStore && <DropZone />}
      <Suspense>
        {uploading && <UploadTray />}
        {dialog === "upload" && <UploadDialog onClose={close} />}
        {dialog === "keys" && <KeyHelp onClose={close} />}
        {asked && (
          <DeleteDialog
            target={asked.target}
            onClose={() => setAsked(null)}
            onDeleted={() => {
              setAsked(null);
              setDeleted(asked.target);
              asked.onDeleted();
            }}
          />
        )}
      </Suspense>
      {deleted && <DeletedToast key={keyOf(deleted)} target={deleted} onClose={forget} />}
    </div>
  );
}
