/** Names this release. */

/** What this SDK calls itself in the handshake. */
export const SDK = 'kinwire-node/0.1.0';
