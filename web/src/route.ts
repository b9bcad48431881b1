import { useEffect, useState } from 'preact/hooks';

/** The page's state stands in its address: "#/findings?result=violation". */
export interface Route { screen: string; query: URLSearchParams }

export function read_route(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { screen: path === '' ? 'summary' : path, query: new URLSearchParams(query) };
}

export function link(screen: string, query: Record<string, string> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${screen}${text === '' ? '' : `?${text}`}`;
}

export function use_route(): Route {
  const [route, set_route] = useState(() => read_route(location.hash));
  useEffect(() => {
    const changed = () => set_route(read_route(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
