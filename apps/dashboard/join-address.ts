/** Who can use an address to contribute from a browser: WebGPU needs a secure origin. */
export type Reach = 'anyone' | 'this-machine' | 'no-webgpu';

export interface JoinAddress {
  readonly address: string;
  readonly reach: Reach;
}

/**
 * Where nodes join: the address that the relay's operator published, else the folder of the dashboard at `page`. It
 * carries the join token if the dashboard was opened with one in its fragment.
 */
export function joinAddress(page: URL, published: string | null): JoinAddress {
  const address = new URL(published ?? '.', page);
  const given = new URLSearchParams(page.hash.slice(1));
  // A node pins the relay's own certificate by the link's fingerprint; a browser asks its user.
  const kept = ['token', 'fingerprint'].flatMap((name) => {
    const value = given.get(name);
    return value === null || value === '' ? [] : [[name, value]];
  });
  address.hash = new URLSearchParams(kept).toString();
  const local = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(address.hostname);
  return {
    address: address.href,
    reach: local ? 'this-machine' : address.protocol === 'https:' ? 'anyone' : 'no-webgpu',
  };
}
