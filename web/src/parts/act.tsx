// An act of a page as a button with a picture: what it does and its key are told when it is pointed at.
import { ActionIcon, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

interface ActProps {
  label: string;
  keys: string;
  disabled?: boolean;
  onClick: () => void;
  children: ReactNode;
}

export function Act({ label, keys, disabled = false, onClick, children }: ActProps) {
  return (
    <Tooltip label={`${label}  ${keys}`} openDelay={300}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} disabled={disabled} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
