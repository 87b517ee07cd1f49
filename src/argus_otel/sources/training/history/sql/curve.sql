-- A curve in as many parts as asked for: of each part the values that are finite as a band, and how many are not.
select
    toInt64(least(floor((${x} - {low:Float64}) / {width:Float64}), {final:Float64})) as part,
    min(step),
    min(tupleElement(found, 2)),
    min(tupleElement(found, 3)),
    count(),
    countIf(not isFinite(tupleElement(found, 1))),
    minIf(tupleElement(found, 1), isFinite(tupleElement(found, 1))),
    avgIf(tupleElement(found, 1), isFinite(tupleElement(found, 1))),
    maxIf(tupleElement(found, 1), isFinite(tupleElement(found, 1))),
    argMax(tupleElement(found, 1), step),
    max(of_attempt)
from (
${logged}
)
group by part
order by part
