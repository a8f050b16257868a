import type { ChannelDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

/** Flume 1.0 read every key with this prefix. */
const OLD = 'org.apache.flume.channel.jdbc';

export const options = optionTable({
  'driver.url': {
    kind: 'string',
    flumeDefault: 'jdbc:derby:~/.flume/jdbc-channel/db;create=true',
    secret: true,
    aliases: [`${OLD}.driver.url`],
    help: 'The database: jdbc:sqlite:FILE, jdbc:postgresql://HOST:PORT/DATABASE, jdbc:mysql:// or jdbc:mariadb:// likewise, with ?user=… and more. The SQLite file ~/.flume/jdbc-channel/sqlite unless set.',
    example: 'jdbc:postgresql://db.example.com:5432/flume',
  },
  'driver.class': {
    kind: 'string',
    flumeDefault: 'org.apache.derby.jdbc.EmbeddedDriver',
    aliases: [`${OLD}.driver.class`],
    help: 'Accepted for old configurations; driver.url says which database it is.',
  },
  'db.type': {
    kind: 'enum',
    values: ['DERBY', 'MYSQL', 'POSTGRESQL', 'ORACLE', 'OTHER'],
    flumeDefault: 'DERBY',
    aliases: [`${OLD}.db.type`],
    help: 'Accepted for old configurations; driver.url says which database it is, and SQLite stands in for Derby.',
  },
  'db.username': {
    kind: 'string',
    flumeDefault: 'sa',
    aliases: [`${OLD}.db.username`],
    help: 'User of PostgreSQL, MySQL or MariaDB; before one in the URL.',
    example: 'flume',
  },
  'db.password': {
    kind: 'string',
    secret: true,
    aliases: [`${OLD}.db.password`],
    help: 'Password of that user; before one in the URL.',
  },
  'connection.properties.file': {
    kind: 'string',
    aliases: [`${OLD}.connection.properties.file`],
    help: 'A Java properties file with more of what may stand in the URL: user, password, sslmode and so on.',
    example: '/etc/millrace/database.properties',
  },
  'create.schema': {
    kind: 'boolean',
    default: true,
    aliases: [`${OLD}.create.schema`],
    help: 'Make the table when it is not there.',
  },
  'create.index': {
    kind: 'boolean',
    default: true,
    aliases: [`${OLD}.create.index`],
    deprecated: 'it has no effect: the only index is the primary key',
    help: 'Accepted for old configurations.',
  },
  'create.foreignkey': {
    kind: 'boolean',
    default: true,
    aliases: [`${OLD}.create.foreignkey`],
    deprecated: 'it has no effect: there is one table',
    help: 'Accepted for old configurations.',
  },
  'transaction.isolation': {
    kind: 'enum',
    values: ['READ_UNCOMMITTED', 'READ_COMMITTED', 'REPEATABLE_READ', 'SERIALIZABLE'],
    default: 'READ_COMMITTED',
    aliases: [`${OLD}.transaction.isolation`],
    help: 'Isolation of the transactions; SQLite knows SERIALIZABLE only.',
  },
  'maximum.connections': {
    kind: 'int',
    default: 10,
    min: 1,
    onBad: 'default',
    aliases: [`${OLD}.maximum.connections`],
    help: 'Most connections of the channel. It uses one to write and one to read; with 1 they share it.',
  },
  'maximum.capacity': {
    kind: 'int',
    unit: 'events',
    default: 0,
    min: 0,
    onBad: 'default',
    aliases: [`${OLD}.maximum.capacity`],
    help: 'Most events that the channel holds; 0: no limit. A put that finds no room is refused at once, as in Flume.',
  },
  'sysprop.*': {
    kind: 'map',
    help: 'Accepted for old configurations: there is no JVM that could read them.',
  },
  [`${OLD}.sysprop.*`]: { kind: 'map', help: 'Accepted for old configurations, as sysprop.' },
});

export default {
  kind: 'channel',
  aliases: ['jdbc'],
  classes: ['org.apache.flume.channel.jdbc.JdbcChannel'],
  title: 'Events in an SQL database: an embedded one, PostgreSQL, MySQL or MariaDB',
  stability: 'experimental',
  durable: true,
  options,
  example: `a1.channels.c1.type = jdbc
a1.channels.c1.driver.url = jdbc:postgresql://db.example.com:5432/flume
a1.channels.c1.db.username = flume
a1.channels.c1.db.password = secret`,
  load: () => import('./channel.ts'),
} satisfies ChannelDeclaration;
