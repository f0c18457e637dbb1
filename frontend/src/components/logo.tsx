/** The product's logo. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 30V19M16 19 5 11.5M16 19 9.5 7M16 19V5M16 19 22.5 7M16 19 27 11.5" />
      <circle cx="5" cy="11.5" r="2.4" />
      <circle cx="9.5" cy="7" r="2.4" />
      <circle cx="16" cy="5" r="2.4" />
      <circle cx="22.5" cy="7" r="2.4" />
      <circle cx="27" cy="11.5" r="2.4" />
    </svg>
  );
}
