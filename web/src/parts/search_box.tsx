// The search box of a list: it tells what is typed when the hand rests, and follows the address.
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

const DELAY = 150; // ms after the last letter

interface SearchBoxProps {
  label: string;
  placeholder: string;
  text: string;
  field: React.RefObject<HTMLInputElement | null>;
  onText: (text: string) => void;
}

export function SearchBox({ label, placeholder, text, field, onText }: SearchBoxProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(text);
  const reported = useRef(text);
  const report = useDebouncedCallback((value: string) => {
    reported.current = value;
    onText(value);
  }, DELAY);
  useEffect(() => {
    if (text === reported.current) return; // our own, from before the latest letters
    reported.current = text;
    setTyped(text); // Back, or cleared
  }, [text]);
  const type = (value: string): void => {
    setTyped(value);
    report(value);
  };
  return (
    <div className="search" role="search">
      <IconSearch size={16} stroke={1.6} aria-hidden />
      <input
        ref={field}
        type="search"
        value={typed}
        placeholder={placeholder}
        aria-label={label}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && typed) type("");
          else if (["Escape", "ArrowDown", "Enter"].includes(event.key)) {
            report.flush(); // else it would come later and undo what the next key selects
            event.currentTarget.blur();
            document.querySelector<HTMLElement>('[role="grid"]')?.focus();
          }
        }}
      />
      {typed ? (
        <button type="button" aria-label={t("search.clear")} onClick={() => type("")}>
          <IconX size={15} stroke={1.8} aria-hidden />
        </button>
      ) : (
        <kbd>Ctrl K</kbd>
      )}
    </div>
  );
}
