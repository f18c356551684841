import { areas, type Example } from './examples/index.mjs';
import { operationOf, useOpenTab } from './tabs';

const licenses = document.querySelector<HTMLLinkElement>('link[rel=license]')?.href;

/** The saved examples by area; each opens in a tab of its own. */
export function Examples() {
  const openTab = useOpenTab();
  return (
    <section className="emporia-examples" aria-label="Examples">
      <h2>Examples</h2>
      {areas.map((area) => (
        <section key={area.title} aria-label={area.title}>
          <h3>{area.title}</h3>
          <ul>
            {area.examples.map((example) => (
              <li key={example.title}>
                <button type="button" onClick={() => openTab(operationOf(example))}>
                  {example.title} <small>{kindOf(example)}</small>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <p>
        <a href={licenses} target="_blank">
          Licences of the software in this page
        </a>
      </p>
    </section>
  );
}

function kindOf({ query }: Example): string {
  return /^(query|mutation|subscription)\b/m.exec(query)?.[0] ?? '';
}
