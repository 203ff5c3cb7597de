// Which address shows which page. Pages come in their own scripts; those of studies are fetched while the session is asked for.
import { lazy } from "react";
import { BrowserRouter, Navigate, Route, Routes } from "react-router";
import { Frame } from "./parts/frame";

// where nearly everybody goes next
const worklist = import("./pages/worklist");
const study = import("./pages/study");

const WorklistPage = lazy(() => worklist);
const StudyPage = lazy(() => study);
const ObjectPage = lazy(() => import("./pages/object"));
const PatientsPage = lazy(() => import("./pages/patients"));
const PatientPage = lazy(() => import("./pages/patient"));
const ReadPage = lazy(() => import("./pages/read/read"));
const BinPage = lazy(() => import("./pages/bin"));
const LoginPage = lazy(() => import("./pages/login"));
const SetupPage = lazy(() => import("./pages/setup"));
const NotFoundPage = lazy(() => import("./pages/not_found"));

export function Pages() {
  return (
    <BrowserRouter useTransitions={false}>
      <Routes>
        <Route path="/login" element={<LoginPage />} />
        <Route path="/setup" element={<SetupPage />} />
        <Route element={<Frame />}>
          <Route path="/" element={<Navigate to="/worklist" replace />} />
          <Route path="/worklist" element={<WorklistPage />} />
          <Route path="/studies/:uid" element={<StudyPage />} />
          <Route path="/studies/:uid/objects/:instance" element={<ObjectPage />} />
          <Route path="/patients" element={<PatientsPage />} />
          <Route path="/patients/:key" element={<PatientPage />} />
          <Route path="/read/:uid" element={<ReadPage />} />
          <Route path="/bin" element={<BinPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Routes>
    </BrowserRouter>
  );
}
