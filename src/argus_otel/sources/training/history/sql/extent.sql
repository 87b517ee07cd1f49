-- From where to where a curve goes.
select count(), min(${x}), max(${x})
from (
${logged}
)
