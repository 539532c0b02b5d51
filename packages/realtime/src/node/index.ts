/** What `createRealtime` needs on Node's own servers: upgrades reach the app as requests. */
export { attachUpgrades, type UpgradeOptions } from '@backchannel/hub/upgrades'
