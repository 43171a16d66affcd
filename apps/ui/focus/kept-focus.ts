/** Elements that a person who reads by focus can go on from. */
const hosts = 'section, fieldset, dialog, form, main, body > *';

/**
 * Keeps the focus in the page. Where the control that has it is removed or disabled, as the view changes or because it was pressed,
 * the browser would leave the focus on the document, and the next press of Tab would begin anywhere. Here it goes to the nearest part
 * of the page that contains the control and is still there, from which Tab leads on; a control that can be used again before the
 * person moves on gets it back.
 */
export function keepFocus(): void {
  let last: Element | null = null;
  let around: readonly Element[] = [];
  /** The part of the page that stands in for a disabled control. */
  let standIn: { readonly host: Element; readonly control: Element } | null = null;
  addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target !== standIn?.host) standIn = null;
    last = target;
    around = parentsOf(target);
  });
  // A click beside all controls gives the focus up; a click on one gives it to that one, after this.
  addEventListener('pointerdown', () => {
    last = null;
    standIn = null;
  });
  const look = () => {
    if (standIn !== null && document.activeElement === standIn.host) {
      const { control } = standIn;
      const canTake = control instanceof HTMLElement && control.isConnected && !control.matches(':disabled');
      if (canTake) control.focus({ preventScroll: true });
      return;
    }
    const isKept = last === null || (last.isConnected && !last.matches(':disabled'));
    if (isKept) return;
    const { activeElement } = document;
    const isElsewhere = activeElement !== null && activeElement !== document.body && activeElement !== last;
    if (isElsewhere) return;
    const control = last;
    for (const host of around) {
      if (control === null || !host.isConnected || !host.matches(hosts)) continue;
      standIn = { host, control };
      if (takesFocus(host)) return;
    }
    last = null;
    standIn = null;
  };
  new MutationObserver(look).observe(document, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['disabled'],
  });
}

function parentsOf(element: Element): readonly Element[] {
  const parents: Element[] = [];
  for (let at = element.parentElement; at !== null; at = at.parentElement) parents.push(at);
  return parents;
}

/** Gives the focus to a part of the page that has none of its own, until it leaves. False if the part is not shown. */
function takesFocus(host: Element): boolean {
  if (!(host instanceof HTMLElement)) return false;
  if (!host.hasAttribute('tabindex')) {
    host.tabIndex = -1;
    host.addEventListener('blur', () => host.removeAttribute('tabindex'), { once: true });
  }
  // The person did not ask to be led anywhere: the page does not move.
  host.focus({ preventScroll: true });
  return document.activeElement === host;
}
