// The shapes of the server's JSON answers under /api.

export interface User {
  name: string;
  role: string;
}

/** Where modalities send to; a local one is reached from the server's own computer only. */
export interface DicomDoor {
  host: string;
  port: number;
  is_local: boolean;
}

export interface Session {
  user: User;
  rights: string[];
  csrf: string;
  archive: { ae_title: string; version: string; dicom: DicomDoor };
  insecure: string[];
}

export interface Patient {
  key: string | null; // of the patient's page
  name: string | null;
  name_ideographic: string | null;
  id: string | null;
  issuer: string | null;
  birth_date: string | null;
  sex: string | null;
}

export interface StudyRow {
  study_uid: string;
  patient: Patient;
  date: string | null;
  time: string | null;
  modalities: string[];
  description: string | null;
  accession: string | null;
  series: number;
  instances: number;
  received_at: string | null;
  warnings: number;
  referrer: string | null;
  body_parts: string[];
  institutions: string[];
  arriving: boolean; // its last image came a short time ago, and more may follow
}

/** What the list can be filtered by. */
export interface Choices {
  body_parts: string[];
  institutions: string[];
}

export interface ColumnSetting {
  id: string;
  width?: number; // CSS pixels
}

export interface View {
  name: string;
  query: string; // of the list's address
}

/** What a user has set; the server keeps it. */
export interface Settings {
  theme?: "dark" | "light";
  row_height?: 28 | 32 | 40;
  key_profile?: string;
  columns?: ColumnSetting[];
  views?: View[];
}

/** What has changed among the studies that one may see, by UID. */
export interface Changes {
  new: string[];
  changed: string[];
  gone: string[];
}

export interface Total {
  number: number;
  exact: boolean;
}

export interface StudyPage {
  studies: StudyRow[];
  cursor: string | null;
  total: Total;
}

export interface Series {
  series_uid: string;
  number: number | null;
  modality: string | null;
  description: string | null;
  body_part: string | null;
  instances: number;
  thumbnail: string | null;
  first_instance: string | null;
  kind: string | null;
}

export interface Finding {
  kind: string;
  text: string;
  found_at: string | null;
}

export type StudyDetail = Omit<StudyRow, "series"> & { series: Series[]; findings: Finding[] };

/** What one request deleted. Nothing of it is gone: it lies in the bin until it is restored. */
export interface Deletion {
  id: string;
  study_uid: string;
  series_uid: string | null; // null: the whole study
  instance_uid: string | null;
  reason: string;
  actor: string;
  deleted_at: string;
  instances: number;
  restored_by: string | null;
  restored_at: string | null;
  patient: Pick<Patient, "name" | "name_ideographic" | "id">;
  date: string | null;
  description: string | null;
}
