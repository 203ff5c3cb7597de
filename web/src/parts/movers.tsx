// Two buttons that move an entry of a list up and down.
import { ActionIcon } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

interface MoversProps {
  name: string;
  at: number;
  count: number;
  onMove: (to: number) => void;
}

export function Movers({ name, at, count, onMove }: MoversProps) {
  const { t } = useTranslation();
  return (
    <>
      <ActionIcon variant="subtle" color="gray" aria-label={t("arrange.up", { name })} disabled={at === 0} onClick={() => onMove(at - 1)}>
        <IconArrowUp size={16} stroke={1.6} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t("arrange.down", { name })}
        disabled={at === count - 1}
        onClick={() => onMove(at + 1)}
      >
        <IconArrowDown size={16} stroke={1.6} />
      </ActionIcon>
    </>
  );
}
