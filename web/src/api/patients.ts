// The shapes of the server's JSON answers about patients and single objects.
import type { Patient, Series, StudyRow, Total } from "./types";

export interface PatientEntry {
  patient: Patient;
  studies: number;
  modalities: string[];
  first: string | null; // ISO days
  last: string | null;
}

export interface PatientPage {
  patients: PatientEntry[];
  cursor: string | null;
  total: Total;
}

export type PatientSeries = Series & { first_instance: string; document: string | null };

export type PatientStudy = Pick<
  StudyRow,
  "study_uid" | "date" | "time" | "description" | "accession" | "modalities" | "instances" | "warnings"
> & { series: PatientSeries[] };

export interface PatientAlert {
  kind: "allergy" | "alert" | "pregnancy" | "special_need";
  text: string;
  study_uid: string;
  date: string | null;
}

export interface PatientRecord {
  patient: Patient;
  other_names: string[];
  comments: string | null;
  identifiers: { value: string; issuer: string | null; type: string | null; other: boolean }[];
  alerts: PatientAlert[];
  studies: PatientStudy[]; // newest first
  cut: boolean; // there are older ones
  alike: (PatientEntry & { reasons: string[] })[];
}

/** What one actor did with one study, or with the patient's page, within a quarter of an hour. */
export interface Reading {
  at: string;
  actor: string;
  address: string;
  kind: string;
  outcome: string;
  count: number;
  study: { study_uid: string; date: string | null; description: string | null } | null;
}

export interface ReadingPage {
  readings: Reading[];
  cursor: string | null;
}

interface Named {
  uid: string;
  name: string | null; // null: not one of the standard's
}

export interface ObjectFacts {
  study_uid: string;
  series_uid: string;
  instance_uid: string;
  sop_class: Named;
  transfer_syntax: Named;
  bytes: number;
  received_at: string;
  corrected: boolean;
  shown_as: "picture" | "text" | "pdf" | "video";
  position: number;
  count: number;
  previous: string | null;
  next: string | null;
}
