/** The mark: an arch with a keyhole. */
export function Mark() {
  return (
    <svg
      viewBox="0 0 32 32"
      width={32}
      height={32}
      fill="none"
      stroke="currentColor"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M5 28V14a11 11 0 0 1 22 0v14" strokeWidth={2.2} />
      <circle cx={16} cy={15} r={2.4} fill="currentColor" strokeWidth={1} />
      <path d="M16 17v6" strokeWidth={2.2} />
    </svg>
  );
}
