const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const key = 'posetape-theme';

/**
 * Makes a button cycle through the system, light and dark themes, and remembers the choice. Calls `onChange` whenever the
 * colours change.
 */
export function themeButton(button: HTMLButtonElement, onChange: () => void): void {
  let theme = themes.find(theme => theme === localStorage.getItem(key)) ?? 'system';
  const show = () => {
    const { documentElement } = document;
    if (theme === 'system') delete documentElement.dataset.theme;
    else documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    onChange();
  };
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] as Theme;
    localStorage.setItem(key, theme);
    show();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
  show();
}
