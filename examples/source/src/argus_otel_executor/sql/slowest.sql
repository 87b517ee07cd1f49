select job, count() as runs, max(duration) as longest, avg(duration) as mean
from executor_jobs
where time >= toDateTime({since:UInt32}) and time < toDateTime({until:UInt32})
  and ({service:String} = '' or service = {service:String})
group by job
order by longest desc, job
limit {limit:UInt32}
