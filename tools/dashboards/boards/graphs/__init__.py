"""The dashboards of agent graphs: runs, nodes, tools and models, and what rules have found."""
