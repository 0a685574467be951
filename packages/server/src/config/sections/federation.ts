import { option } from '../option.ts'
import { any, addressRange, filePath, listOf, onOff, optional, serverName } from '../types.ts'

export const federationSection = {
  title: 'Other servers',
  about: 'How this server meets others.',
  options: {
    on: option({
      key: 'federation',
      type: onOff,
      default: 'on',
      about: 'Off: users of this server meet only each other.',
    }),
    publicRooms: option({
      key: 'allow_public_rooms_over_federation',
      type: onOff,
      default: 'off',
      about: 'May other servers read the list of public rooms?',
    }),
    deviceNames: option({
      key: 'allow_device_name_lookup_over_federation',
      type: onOff,
      default: 'off',
      about: 'Are other servers told the names that people give their devices? They are seen by everybody who shares a room.',
    }),
    trustedCaFile: option({
      key: 'trusted_ca_file',
      type: optional(filePath),
      default: '',
      about: "Certificates (PEM) of authorities that are trusted beside the well-known ones, for other servers' certificates.",
    }),
    allowedRanges: option({
      key: 'outbound.allowed_ranges',
      type: listOf(addressRange),
      default: '',
      about:
        'Address ranges that requests of this server may reach although they are not public, such as 10.0.0.0/8. ' +
        'Without them nobody can make the server call into your own network.',
    }),
    identityServers: option({
      key: 'identity_servers',
      type: any(listOf(serverName)),
      default: 'any',
      about:
        'Identity servers that clients may have asked when they invite people by e-mail address: those of this list, any that a client ' +
        'names, or none with an empty list. The address and the room are told to it.',
    }),
    hostsFile: option({
      key: 'hosts_file',
      type: optional(filePath),
      default: '/etc/hosts',
      about: 'Names and addresses that go before what name servers say, in the format of /etc/hosts.',
    }),
  },
} as const
