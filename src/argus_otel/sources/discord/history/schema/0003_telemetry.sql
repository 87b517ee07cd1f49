-- The guild of each log record and span, for dashboards.
alter table ${database}.otel_logs${local}${on_cluster}
add column if not exists GuildId UInt64 materialized toUInt64OrZero(LogAttributes['discord.guild.id']) codec(ZSTD(1)),
add index if not exists by_guild GuildId type bloom_filter(0.01) granularity 1;

alter table ${database}.otel_traces${local}${on_cluster}
add column if not exists GuildId UInt64 materialized toUInt64OrZero(SpanAttributes['discord.guild.id']) codec(ZSTD(1)),
add index if not exists by_guild GuildId type bloom_filter(0.01) granularity 1;

-- only on a cluster
alter table ${database}.otel_logs${on_cluster}
add column if not exists GuildId UInt64 materialized toUInt64OrZero(LogAttributes['discord.guild.id']);

-- only on a cluster
alter table ${database}.otel_traces${on_cluster}
add column if not exists GuildId UInt64 materialized toUInt64OrZero(SpanAttributes['discord.guild.id']);
