declare const brand: unique symbol

/** `@localpart:server`, parsed. */
export type UserId = string & { readonly [brand]: 'UserId' }
/** `!opaque:server`, or `!hash` from room version 12 on, parsed. */
export type RoomId = string & { readonly [brand]: 'RoomId' }
/** `$…`: the reference hash from room version 3 on, `$opaque:server` before, parsed. */
export type EventId = string & { readonly [brand]: 'EventId' }
/** `#localpart:server`, parsed. */
export type RoomAlias = string & { readonly [brand]: 'RoomAlias' }
/** A DNS name, IPv4 address or bracketed IPv6 address with an optional port, parsed. */
export type ServerName = string & { readonly [brand]: 'ServerName' }
/** `ed25519:version`, parsed. */
export type KeyId = string & { readonly [brand]: 'KeyId' }
