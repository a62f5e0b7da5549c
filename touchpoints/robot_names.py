"""What agents of robots and of people are known by, beside the crawler-user-agents list. As of November 2026.

`touchpoints.robot_agents` and `touchpoints.people_agents` in the configuration add to them, without a change here.
"""

from __future__ import annotations

# Apps and browsers that the crawler list names. They are taken out of an agent before the rest is judged. On phones,
# TVs and in desktop apps the crawler list is not asked at all, so their apps need no entry.
APPS = (
    r"\bokhttp(?:/[\w.-]+)?",  # the HTTP client of Android apps
    r"\bWhatsApp\+?(?:/[\w.]+)?",
    r"\bViber(?:/[\w.]+)?",
    r"\bMozacFetch\b",
    r"\bcoc_coc_browser/[\w.]+",
    r"\bSE \d\.X MetaSr [\d.]+",
    r"\bSogou(?:MSE|MobileBrowser|Search)\b[\w./,]*",
    r"\bFluid/[\d.]+",
    r"\bSpiderMonkey\b",
)

# Words that only robots have in an agent; `bot` ends a word. A Cubot is a phone.
WORDS = (
    r"(?<!\bcu)(?<!abb)bots?(?![a-z])",
    r"crawl",
    r"spider",
)

# Robots by name, also in the agents of browsers and phones that they wear.
ROBOTS = (
    # Google's fetchers are called Google-Name or Name-Google; Google's apps and devices are not.
    r"\bGoogle-(?!App\b|Pixel|TV|Home|Cast|Glass|Chromecast)[a-z][\w-]+",
    r"\b(?:DuplexWeb|Storebot|Mediapartners|Feedfetcher|APIs|AppEngine)-Google\b",
    r"\bGoogle(?:Prober|Sites$|AdSenseInfeed|Producer|Other|weblight|_partner_monitoring)\b",
    r"\bGoogle (?:Page ?Speed|Search Console|Web Preview|Favicon)",
    r"\bAdsBot\b",
    r"\bBingPreview\b",
    r"\bPrerender\b",
    r"\bCloudflare[ -]?(?:Observatory|Diagnostics|Custom[ -]Hostname|Healthchecks|AMP|Traffic|AlwaysOnline|"
    r"SSLDetector)",
    # Browsers without a person: tests, synthetic monitoring, page speed.
    r"\bHeadless(?:Chrome|Browser|Shell|Edg)?\b",
    r"\b(?:PhantomJS|SlimerJS|CasperJS|Puppeteer|Playwright|Selenium|WebDriver)\b|\b(?:Cypress|Nightmare)/\d",
    r"\b(?:Chrome-Lighthouse|PageSpeed|PTST|WebPageTest|GTmetrix|SpeedCurve|DareBoost)\b|\bYLT Chrome\b",
    r"\b\w*Synthetics?(?:Agent)?(?:/|\b)|\b(?:GomezAgent|YottaaMonitor|Catchpoint|AppInsights|Site24x7|"
    r"PingdomTMS|DejaClick)\b",
    r"\b(?:TagInspector|ObservePoint|Hotjar|BrandVerity|Convertify|Inspici|Wappalyzer|BuiltWith|Browsershots|"
    r"Nitro-Optimizer\w*)\b",
    r"\b(?:Mixnode|pageburst|infrawatch|project_patchwatch|TinEye|XaxisSemantics\w*|baidu Transcoder)\b",
    r"\b(?:burpcollaborator|adbeat)\.",
    # AI assistants that fetch pages for their answers.
    r"\b(?:ChatGPT|Claude|Kimi|Gemini|MistralAI|Perplexity|Character|DuckAssist|Grok|DeepSeek|Manus|Doubao|"
    r"Qwen|Copilot|xAI|OpenAI|Cohere|Anthropic|Meta-External\w*|Meta-WebIndexer)-(?:User|AI|Index\w*|"
    r"Search\w*|Fetcher|Agent|Web|Deep-Research)\b",
    r"\bGitHubCopilotChat\b|\bclaude-code\b",
)

# Words of robots' trades in a product's name, in agents of computers' browsers.
TRADES_IN_BROWSERS = (
    r"\w*(?:checker|scanner|validator|fetcher|thumbnail\w*|screenshots?|archiver|grabber|inspector)(?:/\d|\b\.|$)",
)

# Programs and services, which begin with their own name.
PROGRAMS = (
    r"Java/|Jakarta|Apache-Http|Commons-HttpClient|HttpClient|JavaNet|Ruby(?:/|$)|Faraday|Typhoeus|"
    r"rest-client|Mechanize|scalaj-http|http-kit|grpc-(?!java-(?:cronet|$)|swift|objc|dart)|PHP(?:/|-|Crawl|\b)|Guzzle|Symfony|WinHTTP|Python|"
    r"aiohttp|httpx|urllib|PycURL|scrapy|node(?:\.js)?(?:/|$|-)|undici|axios|got[ /(]|superagent|needle/|"
    r"Request-Promise|reqwest|ureq|hyper/|attohttpc|isahc|curl(?:[/ ]|$)|libcurl|wget|lwp(?:[-: /]|$)|libwww|"
    r"HTTP::|HTTP-Tiny|Mojolicious|lua-resty|RestSharp|PostmanRuntime|insomnia|HTTPie|Go-http|Go \d|go-resty|"
    r"colly|fasthttp|Zend_Http|POE-Comp|Snoopy|EventMachine|ApacheBench|wrk/|k6/|Siege|Vegeta|JMeter|"
    r"Embarcadero|WinInet|Microsoft-CryptoAPI|nginx|azure-logic-apps|amazon-kendra|Amazon[ -]Route ?53|"
    r"ELB-Health|Prometheus|Zabbix|Nagios|munin|Monit/|collectd|Xymon|Hobbit|Pingdom|Uptime|HealthCheck|"
    r"Consul/|kube-probe|Datadog|NewRelic|Matomo/|phpMyAdmin|ClamAV|Renovate|Spotify/1\.0$|PocketImageCache|"
    r"Sprinklr|COMODO DCV|Sectigo|acme\.|Valimail|facebookexternal|RamblerMail|FeedFetcher|Yahoo:LinkExpander|"
    r"Bidtellect|masscan|zgrab|Nmap|nuclei|sqlmap|Arachni|Hakai|LoliSec|xtate|LinkChain|Report Runner|"
    r"webcollage|CustomUserAgent|YourUserAgent|default_user_?agent|WordPress|Drupal|Discourse/|"
    r"Invision Community|IFTTT|Zapier|HWCDN",
)

# Words of robots' trades, in agents that are no browser's, phone's or app's.
TRADES = (
    r"monitor|scann?er|\bscan(?:s|ning)?\b|check(?:er|s)?\b|validat|verif(?:y|ier|ication)|archiv|"
    r"fetch(?:er)?\b|preview|thumbnail|screenshot|prob(?:e|er)\b|\bping(?:er)?\b|scrap(?:e|er|y)|harvest|"
    r"\bgrab(?:ber)?\b|index(?:er|ing)|pars(?:er|ing)\b|analy[sz](?:er|is)|audit|inspect|extract|exractor|"
    r"collector|search[ _-]?engine|sitemap|feed ?fetcher|\d+ subscribers|subscribers=|recon-|\brecon\b|"
    r"\bresearch\b(?! in motion)|survey|traversal|sectxt|security[ _.-]?(?:scan|dot|txt)|externalhit|"
    r"link ?(?:expander|chain|check)|image ?(?:proxy|cache)|web ?explorer|\bcron\b|user-?agent|gitops|"
    r"health ?-?check",
)
