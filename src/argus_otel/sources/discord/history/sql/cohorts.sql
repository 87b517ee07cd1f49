select cohort, count()
from ${joins}
group by cohort
order by cohort
