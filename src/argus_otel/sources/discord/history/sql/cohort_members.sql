(
    select guild_id, cohort
    from (
        select guild_id, ${start_of_joined} as cohort
        from (
            select guild_id, min(first) as joined
            from ${table}
            where ${is_join} and ${of_service} and ${time} < ${end}
            group by guild_id
        )
    )
    where cohort >= ${first_start}
)
