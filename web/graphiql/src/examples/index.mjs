// Saved operations by area: the panel "Examples" lists them, and the tabs of a first visit are taken from them.
//
// They teach by example, so each begins with what it does and what to try. Comments keep to 56 columns, the
// width of the editor on a laptop. An id that only the shop at hand knows is written with … at its end, and the
// comment says which example shows it. test/examples.mjs checks them all against schema.graphql.
import { cart } from './cart.mjs';
import { catalogue } from './catalogue.mjs';
import { content } from './content.mjs';
import { inventory } from './inventory.mjs';
import { orders } from './orders.mjs';
import { settings } from './settings.mjs';
import { shipping } from './shipping.mjs';
import { webhooks } from './webhooks.mjs';

/**
 * @typedef {object} Example
 * @property {string} title what the panel shows
 * @property {string} query one named operation, with comments
 * @property {object} [variables]
 *
 * @typedef {object} Area
 * @property {string} title
 * @property {Example[]} examples
 */

/** @type {Area[]} */
export const areas = [catalogue, content, cart, orders, inventory, shipping, webhooks, settings];
